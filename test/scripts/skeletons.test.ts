// The skeletons that `npm run new` starts from are running code with tests of their own.
// oxlint-disable import/no-unassigned-import -- importing a test file is what registers its tests
import '../../scripts/skeletons/action/new-comer.test.ts'
import '../../scripts/skeletons/check/new-comer.test.ts'
import '../../scripts/skeletons/collector/new-comer.test.ts'
import '../../scripts/skeletons/detector/new-comer.test.ts'
import '../../scripts/skeletons/sink/new-comer.test.ts'
import { newComer } from '../../scripts/skeletons/detector/new-comer.ts'
import { detectorConformance } from '../detect/conformance.ts'
import { traffic } from '../detect/traffic.ts'
import { given } from '../support/given.ts'

detectorConformance({
  name: newComer.kind,
  open: (cap) => newComer.open(newComer.config.parse(cap === undefined ? {} : { maxKeys: cap }), given(newComer.kind)),
  events: (random, prefix) =>
    traffic(random, { principals: 12, hours: 40, perHour: 4, ...(prefix === undefined ? {} : { prefix }) }),
})
