/**
 * Fault tests end the process, without any clean-up, at a named step: `MODELWARD_FAILPOINT=name:n` kills it with SIGKILL
 * at the n-th passing of that name. Without the variable this is a function that does nothing.
 */
export function openFailpoints(setting: string | undefined): (name: string) => void {
  if (!setting) return () => undefined
  const [target = '', count = '1'] = setting.split(':')
  let left = Number(count)
  return (name) => {
    if (name === target && --left === 0) process.kill(process.pid, 'SIGKILL')
  }
}
