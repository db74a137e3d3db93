/** The one stylesheet, in every page. Dark and light follow the system; all pairs of text and ground reach WCAG AA. */
export const STYLE = `
:root{color-scheme:light dark;
--ground:#f6f7f9;--panel:#fff;--line:#d5dae1;--soft:#eceff3;--text:#1a2029;--quiet:#56606e;--link:#0b57a4;
--crit:#a4101f;--crit-bg:#fbe4e6;--high:#9a3b00;--high-bg:#fdeadd;--med:#6f5200;--med-bg:#fbf1cf;--low:#22557d;--low-bg:#e1eef8;
--good:#17663a;--good-bg:#e0f3e7;--act:#0b57a4;--act-text:#fff;--focus:#0b57a4}
@media (prefers-color-scheme:dark){:root{
--ground:#0f1318;--panel:#171c23;--line:#303844;--soft:#212832;--text:#e4e8ee;--quiet:#a0abb9;--link:#82b8f2;
--crit:#ff9aa2;--crit-bg:#47151b;--high:#ffb184;--high-bg:#44230f;--med:#ecca68;--med-bg:#3b3009;--low:#9cc7ec;--low-bg:#17324a;
--good:#86d7a5;--good-bg:#12341f;--act:#2b6cb8;--act-text:#fff;--focus:#9cc7ff}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--text);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:20px;line-height:1.25;margin:0 0 4px}
h2{font-size:15px;margin:0 0 8px}
h3{font-size:14px;margin:12px 0 4px}
p{margin:0 0 8px}
figure{margin:0}
a{color:var(--link);text-underline-offset:2px}
code,pre,.mono{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code,.mono{overflow-wrap:anywhere}
pre{margin:0;padding:8px 10px;background:var(--soft);border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.skip{position:absolute;left:-999px;top:0;background:var(--panel);padding:8px 12px;z-index:9}
.skip:focus{left:8px;top:8px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.top{display:flex;flex-wrap:wrap;align-items:center;gap:4px 16px;padding:6px 20px;background:var(--panel);border-bottom:1px solid var(--line)}
.brand{font-weight:650;color:var(--text);text-decoration:none;letter-spacing:.01em}
.top nav ul{display:flex;flex-wrap:wrap;gap:2px;margin:0;padding:0;list-style:none}
.top nav a{display:block;padding:7px 10px;border-radius:4px;color:var(--text);text-decoration:none}
.top nav a:hover{background:var(--soft)}
.top nav a[aria-current]{background:var(--soft);font-weight:600;box-shadow:inset 0 -2px 0 var(--act)}
.tally{display:inline-block;min-width:20px;padding:0 6px;border-radius:9px;background:var(--soft);border:1px solid var(--line);font-size:12px;font-weight:600;text-align:center}
.tally.hot{background:var(--crit-bg);color:var(--crit);border-color:transparent}
.tally.warm{background:var(--med-bg);color:var(--med);border-color:transparent}
.tools{display:flex;flex-wrap:wrap;align-items:center;gap:8px;margin-left:auto}
.tools form{margin:0}
main{max-width:1400px;margin:0 auto;padding:16px 20px 32px}
footer{max-width:1400px;margin:0 auto;padding:8px 20px 24px;color:var(--quiet);font-size:12.5px}
kbd{font:12px ui-monospace,Menlo,Consolas,monospace;border:1px solid var(--line);border-radius:3px;padding:0 4px;background:var(--panel)}

.panel>h3:first-child{margin-top:0}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:12px 14px;margin:0 0 14px}
.quiet{color:var(--quiet)}
.row{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center}
.head{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:end;justify-content:space-between;margin:0 0 12px}
.notice{border-left:4px solid var(--good);background:var(--good-bg);color:var(--good);padding:8px 12px;border-radius:4px;margin:0 0 12px}
.trouble{border-left:4px solid var(--crit);background:var(--crit-bg);color:var(--crit);padding:8px 12px;border-radius:4px;margin:0 0 12px}
.warning{border-left:4px solid var(--med);background:var(--med-bg);color:var(--med);padding:8px 12px;border-radius:4px;margin:0 0 12px}
.trouble ul,.warning ul{margin:4px 0 0;padding-left:18px}
.tag{display:inline-block;padding:1px 7px;border-radius:4px;font-size:12px;font-weight:600;white-space:nowrap;background:var(--soft);color:var(--text)}
.tag.critical{background:var(--crit-bg);color:var(--crit);box-shadow:inset 3px 0 0 var(--crit)}
.tag.high{background:var(--high-bg);color:var(--high);box-shadow:inset 3px 0 0 var(--high)}
.tag.medium{background:var(--med-bg);color:var(--med);box-shadow:inset 3px 0 0 var(--med)}
.tag.low,.tag.informational{background:var(--low-bg);color:var(--low);box-shadow:inset 3px 0 0 var(--low)}
.tag.good{background:var(--good-bg);color:var(--good)}
.tag.bad{background:var(--crit-bg);color:var(--crit)}
.tag.wait{background:var(--med-bg);color:var(--med)}
table{width:100%;border-collapse:collapse;background:var(--panel)}
.sheet{border:1px solid var(--line);border-radius:6px;overflow:hidden;margin:0 0 14px}
th,td{text-align:left;vertical-align:top;padding:7px 10px;border-bottom:1px solid var(--line)}
tbody tr:last-child>*{border-bottom:0}
thead th{font-size:12px;font-weight:600;color:var(--quiet);background:var(--soft);white-space:nowrap}
tbody th{font-weight:600}
td.num{white-space:nowrap}
td.num,th.num{text-align:right;font-variant-numeric:tabular-nums}
td.tight{white-space:nowrap}
tbody tr:hover{background:color-mix(in srgb,var(--soft) 55%,transparent)}
tbody tr:focus-within{background:var(--soft)}
.who{display:inline-block;max-width:30ch;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;vertical-align:bottom}
time{font-variant-numeric:tabular-nums;white-space:nowrap}
.ago{color:var(--quiet);font-size:12.5px;white-space:nowrap}
td .ago{display:block}
td li .ago{display:inline}
.said{font-weight:400;color:var(--quiet);display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:1;overflow:hidden;word-break:break-all}
.whole{white-space:nowrap}
dl.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 16px;margin:0}
dl.facts dt{color:var(--quiet)}
dl.facts dd{margin:0;overflow-wrap:anywhere}
.split{display:grid;grid-template-columns:minmax(0,1fr) 330px;gap:14px;align-items:start}
label{display:block;font-size:12.5px;color:var(--quiet);margin:0 0 2px}
label.check{display:flex;gap:8px;align-items:flex-start;color:var(--text);font-size:14px;margin:0 0 8px}
label.check input{margin:3px 0 0}
input,select,textarea,button{font:inherit;color:inherit}
input[type=text],input[type=password],input[type=search],select,textarea{width:100%;min-height:34px;padding:5px 8px;background:var(--ground);border:1px solid color-mix(in srgb,var(--quiet) 70%,transparent);border-radius:4px}
button,.button{display:inline-block;min-height:34px;padding:6px 12px;border:1px solid color-mix(in srgb,var(--quiet) 60%,transparent);border-radius:4px;background:var(--panel);color:var(--text);text-decoration:none;cursor:pointer;white-space:nowrap}
button:hover,.button:hover{background:var(--soft)}
button.main{background:var(--act);border-color:var(--act);color:var(--act-text);font-weight:600}
button.main:hover{filter:brightness(1.1)}
button.small{min-height:28px;padding:2px 9px;font-size:13px}
.field{margin:0 0 10px}
.filters{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:8px 10px;align-items:end}
.filters .go{display:flex;gap:8px;align-items:center}
fieldset{border:0;margin:0;padding:0;min-width:0}
legend{padding:0;font-weight:600;margin:0 0 6px}
ol.steps,ul.plain{margin:0;padding:0;list-style:none}
ul.plain.panel{padding:4px 14px;margin:0 0 14px}
ol.steps>li,ul.plain>li{padding:8px 0;border-bottom:1px solid var(--line)}
ol.steps>li:last-child,ul.plain>li:last-child{border-bottom:0}
dd>ul.plain>li{padding:0 0 4px;border:0}
details>summary{cursor:pointer;color:var(--link)}
details.fold{padding:8px 0;border-bottom:1px solid var(--line)}
details.fold:last-child{border-bottom:0}
details.fold>.panel{border:0;padding:8px 0 0;margin:0}
ol.history{margin:4px 0 0;padding:0;list-style:none}
ol.history li{padding:2px 0}
.decide{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:end;margin:10px 0 0;padding:10px 0 0;border-top:1px solid var(--line)}
.measure{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;margin:0 0 8px}
.measure div{background:var(--soft);border-radius:4px;padding:8px 10px}
.measure strong{display:block;font-size:20px;line-height:1.2;font-variant-numeric:tabular-nums}
.sum{font-size:15px;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
svg.spark{display:block;height:36px;width:240px;max-width:100%}
svg.spark rect{fill:var(--low)}
svg.spark rect.hot{fill:var(--crit)}
span.key{display:inline-block;width:8px;height:8px;background:var(--crit)}
svg.spark line{stroke:var(--line)}
.narrow{max-width:460px;margin:8vh auto 0}
@media (max-width:900px){.split{grid-template-columns:minmax(0,1fr)}}
@media (max-width:700px){
.top{padding:6px 12px}.top nav{order:3}.top nav,.top nav ul{width:100%}.top nav li{flex:1 1 auto}.top nav a{padding:8px 3px;text-align:center;font-size:13.5px}
main{padding:12px}footer{padding:8px 12px 24px}
button,.button,select,input[type=text],input[type=search],input[type=password]{min-height:40px}
.sheet{border:0;background:none}table,tbody,tr,td,th{display:block;width:auto}table{background:none}
button,.button{white-space:normal}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:6px 0;margin:0 0 8px}
tbody td,tbody th{border:0;padding:3px 12px}td.num{text-align:left}td.tight{white-space:normal}
tbody td[data-label]{display:grid;grid-template-columns:96px minmax(0,1fr);gap:8px}
tbody td[data-label]::before{content:attr(data-label);color:var(--quiet);font-size:12.5px}
td .ago{display:inline;margin-left:4px}.who{max-width:100%;white-space:normal;overflow-wrap:anywhere}

.said{-webkit-line-clamp:3;word-break:normal;overflow-wrap:anywhere}
tbody td.brief[data-label]{display:inline-flex;gap:6px;align-items:baseline;padding-right:6px}
dl.facts{grid-template-columns:minmax(0,1fr);gap:0}dl.facts dd{margin:0 0 6px}
.keys{display:none}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important;scroll-behavior:auto!important}}
@media (forced-colors:active){.tag,.tally{border:1px solid}}
`
