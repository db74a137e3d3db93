/**
 * The one script; without it every function is still there. `/` goes to the filter, j and k move between rows, Enter
 * follows the row's link as it always does. A list that refreshes itself waits while somebody types or chooses.
 */
export const SCRIPT = `
(() => {
  const typing = (at) => at instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)
  const rows = () => [...document.querySelectorAll('[data-row]')]
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Escape' && typing(event.target)) return event.target.blur()
    if (typing(event.target)) return
    if (event.key === '/') {
      const filter = document.querySelector('[data-filter]')
      if (!filter) return
      event.preventDefault()
      filter.focus()
    }
    if (event.key !== 'j' && event.key !== 'k') return
    const all = rows()
    const at = all.indexOf(document.activeElement)
    const next = at < 0 ? 0 : at + (event.key === 'j' ? 1 : -1)
    all[Math.min(Math.max(next, 0), all.length - 1)]?.focus()
  })
  const seconds = Number(document.body.dataset.refresh ?? 0)
  if (seconds > 0) {
    const key = 'row:' + location.pathname
    const kept = sessionStorage.getItem(key)
    sessionStorage.removeItem(key)
    if (kept) rows().find((row) => row.getAttribute('href') === kept)?.focus()
    setInterval(() => {
      if (typing(document.activeElement) || document.querySelector('input[type=checkbox]:checked')) return
      const row = document.activeElement?.closest?.('[data-row]')
      if (row) sessionStorage.setItem(key, row.getAttribute('href'))
      location.reload()
    }, seconds * 1000)
  }
})()
`
