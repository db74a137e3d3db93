/**
 * A program that logs: numbered records appended to the file in argv, reopened on SIGHUP. Ends on SIGTERM, and then
 * prints how many it has written.
 */
import { closeSync, openSync, writeSync } from 'node:fs'

const path = process.argv[2] ?? ''
let file = openSync(path, 'a')
let number = 0
let isDone = false

process.on('SIGHUP', () => {
  closeSync(file)
  file = openSync(path, 'a')
})
process.on('SIGTERM', () => {
  isDone = true
})

function write(): void {
  if (isDone) {
    process.stdout.write(String(number))
    return
  }
  for (let count = 0; count < 20; count++) writeSync(file, `{"n":${number++},"text":"a record of the log"}\n`)
  setTimeout(write, 1)
}
write()
