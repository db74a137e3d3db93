import { signFolder } from '../../app/sign-pack.ts'
import { systemClock } from '../../runtime/clock.ts'
import { UsageError } from '../../runtime/errors.ts'
import { printable } from '../call/io.ts'
import { textOptions, textsGiven, type Verb } from '../call/verb.ts'

/** `rules sign DIR --key FILE`: makes a rule folder a signed pack. */
export const rulesSign: Verb = {
  name: 'rules sign',
  summary: 'signs a rule folder as a pack (pack.json, pack.sig); `--out` writes it as one archive too',
  usage: 'DIR --key PRIVATE.pem [--name NAME] [--version VERSION] [--out PACK.tar]',
  examples: [
    'openssl genpkey -algorithm ed25519 -out private.pem && openssl pkey -in private.pem -pubout -out public.pem',
    'modelward rules sign ./my-rules --key private.pem --version 1.4.0 --out my-rules-1.4.0.tar',
  ],
  options: textOptions('key', 'name', 'version', 'out'),
  async run(call) {
    const { io, words } = call
    const [folder] = words
    const { key, ...others } = textsGiven(call, 'key', 'name', 'version', 'out')
    if (folder === undefined || words.length > 1 || key === undefined)
      throw new UsageError('modelward rules sign DIR --key PRIVATE.pem')
    if (others.out?.endsWith('.tar') === false) throw new UsageError(`--out ${others.out}: its name must end in .tar`)
    const signed = signFolder({ folder, key, now: systemClock.now(), ...others })
    const { manifest, written } = signed
    const files = Object.keys(manifest.files).length
    if (io.asJson) io.json({ kind: 'pack', ...manifest, files, key: signed.key, written })
    else {
      for (const path of written) io.line(printable(path))
      io.line(printable(`${manifest.name} ${manifest.version}: ${files} rule files, signed by key ${signed.key}.`))
    }
    return 0
  },
}
