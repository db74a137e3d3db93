import type { SecretPack } from './gitleaks.ts'
import type { SecretRule } from './rule.ts'

/** Bits a character that a random token of these alphabets stays well above, and placeholders below. */
const RANDOM = 3
const HEX_RANDOM = 2.8

/** A token that begins with one of `starts` (its keywords); `pattern` is the whole token. */
function token(id: string, starts: readonly string[], pattern: string, reach = 260, entropy = RANDOM): SecretRule {
  return { id, regex: `\\b(${pattern})`, keywords: starts, entropy, allowlists: [], reach: [2, reach] }
}

/** A value of a known shape behind a name: `WANDB_API_KEY=…`, `"cohere_token": "…"`. */
function named(id: string, names: readonly string[], value: string, entropy = RANDOM): SecretRule {
  const regex = `(?i)(?:${names.join('|')})[\\w. -]{0,30}["'\`]?\\s{0,3}(?:=>|:=|[=:])\\s{0,3}["'\`]?(?-i:(${value}))(?:[^\\w+/=-]|$)`
  return { id, regex, keywords: names, entropy, allowlists: [], reach: [0, 200], shape: ASSIGNED }
}

/** Looks like `name = value`: cheap to see, and linear: a try ends after 16 characters. */
const ASSIGNED = /[=:>]\s{0,3}["'`]?[\w+/=.~!@#$%^&*-]{8}/
const USER_AND_PASSWORD = /:[^\s:@/]{1,200}@/

const AI: readonly SecretRule[] = [
  token('anthropic-key', ['sk-ant-'], 'sk-ant-[a-z]{3,5}\\d\\d-[\\w-]{60,140}\\b'),
  token('openai-key', ['sk-proj-', 'sk-svcacct-', 'sk-admin-'], 'sk-(?:proj|svcacct|admin)-[\\w-]{40,}\\b'),
  token('openai-legacy-key', ['sk-'], 'sk-(?:[A-Za-z0-9]{48}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})\\b', 80, 3.5),
  token('openrouter-key', ['sk-or-v1-'], 'sk-or-v1-[0-9a-f]{64}\\b', 100, HEX_RANDOM),
  token('deepseek-key', ['sk-'], 'sk-[0-9a-f]{32}\\b', 60, HEX_RANDOM),
  token('langfuse-key', ['sk-lf-'], 'sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\b', 60, HEX_RANDOM),
  token('hugging-face-token', ['hf_'], 'hf_[A-Za-z0-9]{34}\\b', 60),
  token('hugging-face-org-token', ['api_org_'], 'api_org_[A-Za-z0-9]{34}\\b', 60),
  token('groq-key', ['gsk_'], 'gsk_[A-Za-z0-9]{52}\\b', 80),
  token('xai-key', ['xai-'], 'xai-[A-Za-z0-9]{60,100}\\b', 120),
  token('replicate-token', ['r8_'], 'r8_[A-Za-z0-9]{37}\\b', 60),
  token('perplexity-key', ['pplx-'], 'pplx-[A-Za-z0-9]{40,60}\\b', 80),
  token('nvidia-key', ['nvapi-'], 'nvapi-[\\w-]{60,80}\\b', 100),
  token('langsmith-key', ['lsv2_'], 'lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\\b', 70, HEX_RANDOM),
  token('pinecone-key', ['pcsk_'], 'pcsk_[A-Za-z0-9]{5,8}_[A-Za-z0-9]{50,80}\\b', 120),
  token('databricks-token', ['dapi'], 'dapi[0-9a-f]{32}(?:-\\d)?\\b', 60, HEX_RANDOM),
  token('tavily-key', ['tvly-'], 'tvly-(?:dev-|prod-)?[A-Za-z0-9]{28,40}\\b', 60),
  token('fireworks-key', ['fw_'], 'fw_[A-Za-z0-9]{22,28}\\b', 50, 3.5),
  token('elevenlabs-key', ['sk_'], 'sk_[0-9a-f]{48}\\b', 70, HEX_RANDOM),
  named('wandb-key', ['wandb'], '[0-9a-f]{40}', HEX_RANDOM),
  named('cohere-key', ['cohere', 'co_api_key'], '[A-Za-z0-9]{40}', 3.5),
  named('mistral-key', ['mistral'], '[A-Za-z0-9]{32}', 3.5),
  named('together-key', ['together'], '[0-9a-f]{64}', HEX_RANDOM),
]

const CLOUDS: readonly SecretRule[] = [
  token('aws-access-key-id', ['akia', 'asia', 'abia', 'acca'], '(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\\b', 40),
  named(
    'aws-secret-key',
    ['secret_access_key', 'secretaccesskey', 'aws_secret', 'secret access key'],
    '[A-Za-z0-9/+]{40}',
    4,
  ),
  named('aws-session-token', ['aws_session_token', 'sessiontoken'], '[A-Za-z0-9/+=]{100,}', 4),
  token('aws-bedrock-key', ['absk'], 'ABSK[A-Za-z0-9+/]{100,}={0,2}', 300),
  token('aws-bedrock-short-key', ['bedrock-api-key-'], 'bedrock-api-key-[A-Za-z0-9+/]{100,}={0,2}', 2_100),
  token('gcp-api-key', ['aiza'], 'AIza[\\w-]{35}', 60, 3.5),
  token('gcp-oauth-secret', ['gocspx-'], 'GOCSPX-[\\w-]{28}', 50),
  token('gcp-access-token', ['ya29.'], 'ya29\\.[\\w-]{30,}', 320),
  named('gcp-service-account', ['private_key_id'], '[0-9a-f]{40}', HEX_RANDOM),
  named('azure-storage-key', ['accountkey', 'account_key', 'storage_key'], '[A-Za-z0-9+/]{86}==', 4),
  named('azure-shared-access-key', ['sharedaccesskey'], '[A-Za-z0-9+/]{43}=', 4),
  named(
    'azure-openai-key',
    ['azure_openai', 'ocp-apim-subscription-key', 'api-key'],
    '[0-9a-f]{32}|[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}',
    HEX_RANDOM,
  ),
  {
    id: 'azure-client-secret',
    regex: '(?:^|[^\\w~.-])([\\w~.-]{3}\\dQ~[\\w~.-]{31,34})(?:$|[^\\w~.-])',
    keywords: ['q~'],
    entropy: 3.5,
    allowlists: [],
    reach: [5, 60],
  },
  {
    id: 'azure-sas',
    regex: '[?&]sig=([\\w%+/-]{40,80})(?:&|=|\\b)',
    keywords: ['sig='],
    entropy: 3.5,
    allowlists: [],
    reach: [2, 100],
  },
  token('alibaba-access-key', ['ltai'], 'LTAI[A-Za-z0-9]{17,21}\\b', 40),
  token('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], 'do[opr]_v1_[0-9a-f]{64}\\b', 90, HEX_RANDOM),
  token('vault-token', ['hvs.', 'hvb.'], 'hv[sb]\\.[\\w-]{24,}\\b'),
  { ...token('terraform-token', ['.atlasv1'], '[A-Za-z0-9]{14}\\.atlasv1\\.[\\w-]{60,80}\\b'), reach: [20, 100] },
]

const SERVICES: readonly SecretRule[] = [
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], 'gh[pousr]_[A-Za-z0-9]{36}\\b', 60),
  token('github-fine-grained-token', ['github_pat_'], 'github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\\b', 110),
  token('gitlab-token', ['glpat-', 'gldt-', 'glrt-'], 'gl(?:pat|dt|rt)-[\\w-]{20,60}\\b', 80),
  token(
    'slack-token',
    ['xoxb-', 'xoxa-', 'xoxp-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.'],
    'xox[abprse][.-](?:xox[bp]-)?(?:\\d{1,14}-){1,4}[A-Za-z0-9]{16,180}\\b',
  ),
  token('slack-app-token', ['xapp-'], 'xapp-\\d-[A-Z0-9]{8,14}-\\d{10,14}-[0-9a-f]{48,80}\\b', 140),
  {
    id: 'slack-webhook',
    regex: 'hooks\\.slack\\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{40,60})',
    keywords: ['hooks.slack.com'],
    entropy: RANDOM,
    allowlists: [],
    reach: [0, 120],
  },
  token('stripe-key', ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'], '[rs]k_(?:live|test)_[A-Za-z0-9]{16,}\\b'),
  token('stripe-webhook-secret', ['whsec_'], 'whsec_[A-Za-z0-9+/]{32,64}', 80),
  token('npm-token', ['npm_'], 'npm_[A-Za-z0-9]{36}\\b', 50),
  token('pypi-token', ['pypi-ag'], 'pypi-Ag[\\w-]{70,}\\b', 320),
  token('docker-token', ['dckr_pat_', 'dckr_oat_'], 'dckr_[po]at_[\\w-]{27,34}', 60),
  token('sendgrid-key', ['sg.'], 'SG\\.[\\w-]{22}\\.[\\w-]{43}', 80),
  token('grafana-token', ['glsa_'], 'glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}\\b', 60),
  token('linear-key', ['lin_api_'], 'lin_api_[A-Za-z0-9]{40}\\b', 60),
  token('notion-token', ['ntn_'], 'ntn_[A-Za-z0-9]{43,50}\\b', 70),
  token('atlassian-token', ['atatt3'], 'ATATT3[\\w=-]{60,}', 270),
  token(
    'shopify-token',
    ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\\b',
    50,
    HEX_RANDOM,
  ),
  token('new-relic-key', ['nrak-'], 'NRAK-[A-Z0-9]{27}\\b', 40),
  token('supabase-token', ['sbp_'], 'sbp_[0-9a-f]{40}\\b', 60, HEX_RANDOM),
  {
    id: 'telegram-bot-token',
    regex: '\\b(\\d{8,10}:AA[\\w-]{32,33})(?:[^\\w-]|$)',
    keywords: [':aa'],
    entropy: 3.5,
    allowlists: [],
    reach: [12, 50],
  },
]

const ANY: readonly SecretRule[] = [
  {
    id: 'private-key',
    regex: '-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----((?:[\\sA-Za-z0-9+/=,:.-]|\\\\[nr]){48,})',
    keywords: ['private key'],
    entropy: RANDOM,
    allowlists: [],
    reach: [50, 7_200],
  },
  token('age-secret-key', ['age-secret-key-1'], 'AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\\b', 90),
  {
    id: 'jwt',
    regex: '\\b(eyJ[\\w-]{14,}\\.eyJ[\\w-]{14,}\\.[\\w-]{20,})',
    keywords: ['.eyj'],
    entropy: 3.5,
    allowlists: [],
    reach: [2_010, 7_100],
  },
  {
    id: 'connection-string',
    regex:
      '(?i)\\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|clickhouse|sftp|ftp)(?:\\+[a-z0-9]{2,10})?://[^\\s:@/"\'<>]{0,80}:([^\\s@/"\'<>]{3,120})@[\\w.-]+',
    keywords: ['://'],
    allowlists: [],
    reach: [24, 300],
    shape: USER_AND_PASSWORD,
  },
  {
    id: 'url-password',
    regex: '(?i)\\bhttps?://[^\\s:@/"\'<>]{1,80}:([^\\s@/"\'<>:]{6,120})@[\\w-]+\\.[\\w.-]+',
    keywords: ['http://', 'https://'],
    entropy: 2.5,
    allowlists: [],
    reach: [1, 300],
    shape: USER_AND_PASSWORD,
  },
  {
    id: 'bearer-token',
    regex: '(?i)authorization["\']?\\s{0,3}[:=]\\s{0,3}["\']?(?:bearer|token|basic)\\s{1,3}([\\w.~+/=-]{16,})',
    keywords: ['authorization'],
    entropy: 3.5,
    allowlists: [],
    reach: [0, 2_100],
    shape: /(?:bearer|token|basic)\s/i,
  },
  {
    id: 'generic-secret',
    regex:
      '(?i)\\b[\\w.-]{0,40}(?:api[_-]?key|access[_-]?key|secret|token|passw(?:or)?d|passphrase|credential)[\\w.-]{0,20}["\'`]?\\s{0,3}(?:=>|:=|[=:])\\s{0,3}["\'`]?([\\w.+/=~!@#$%^&*-]{16,150})',
    keywords: ['key', 'secret', 'token', 'passw', 'passphrase', 'credential'],
    entropy: 3.5,
    allowlists: [
      {
        condition: 'any',
        regexTarget: 'secret',
        // No digit at all, a path or call or template, a file name, an own identifier of words, a version, a model's name.
        regexes: [
          '^[^0-9]*$',
          '^[/.$%{(<@]',
          '\\.(?:com|org|net|io|js|ts|py|json|ya?ml|md|txt|html?|pem|key)$',
          '\\(|\\)',
          '^[a-z]+(?:[._-][a-z0-9]{1,12}){2,}$',
          '^https?:',
          '^[A-Z]\\w*\\.[a-z]\\w*$',
        ],
        stopwords: ['process.env', 'os.environ', 'getenv', 'secretsmanager', 'vault:', 'gpt-', 'claude-', 'max_tokens'],
        paths: [],
      },
      {
        condition: 'any',
        regexTarget: 'match',
        regexes: ['(?i)(?:credentials?_?ids?|key_?(?:vault|id|name|word|board|stone|note)|csrf|token_?(?:izer|ids?))'],
        stopwords: [],
        paths: [],
      },
    ],
    reach: [44, 240],
    shape: /[=:>]\s{0,3}["'`]?[\w.+/=~!@#$%^&*-]{16}/,
  },
]

/**
 * What ships with modelward: keys of AI services, clouds and code hosts, private keys, tokens, connection strings and
 * named values of high entropy. Formats are as their issuers document them or as their keys look; patterns are our own.
 */
export const ownPack: SecretPack = {
  rules: [...AI, ...CLOUDS, ...SERVICES, ...ANY],
  allowlists: [
    {
      condition: 'any',
      regexTarget: 'secret',
      regexes: [
        '^(?i:x+|\\*+|\\.+|-+)$',
        '(?i)x{6,}',
        '\\*{4,}',
        '\\.{3,}',
        '^<[^>]*>$',
        '^\\$\\{?\\w+\\}?$',
        '^\\{\\{',
      ],
      stopwords: [
        'example',
        'placeholder',
        'your_',
        'your-',
        'changeme',
        'redacted',
        'dummy',
        'abcdefghijklmnop',
        '1234567890123456',
      ],
      paths: [],
    },
  ],
}
