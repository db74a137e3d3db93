import type { Verb } from './call/verb.ts'
import { alerts } from './verbs/alerts.ts'
import { audit } from './verbs/audit.ts'
import { baseline } from './verbs/baseline.ts'
import { check } from './verbs/check.ts'
import { devices } from './verbs/devices.ts'
import { doctor } from './verbs/doctor.ts'
import { playbook } from './verbs/playbook.ts'
import { quarantine } from './verbs/quarantine.ts'
import { replay } from './verbs/replay.ts'
import { rulesCoverage, rulesExplain, rulesLint, rulesMatch, rulesTest } from './verbs/rules.ts'
import { rulesBacktest } from './verbs/rules-backtest.ts'
import { rulesSign } from './verbs/rules-sign.ts'
import { run } from './verbs/run.ts'
import { scan } from './verbs/scan.ts'
import { setup } from './verbs/setup.ts'

/** Every verb, in the order in which help lists them. */
export const verbs: readonly Verb[] = [
  run,
  check,
  replay,
  baseline,
  alerts,
  playbook,
  rulesTest,
  rulesLint,
  rulesExplain,
  rulesCoverage,
  rulesMatch,
  rulesBacktest,
  rulesSign,
  scan,
  quarantine,
  audit,
  setup,
  doctor,
  devices,
]
