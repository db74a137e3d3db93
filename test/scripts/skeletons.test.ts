// The skeletons that `npm run new` starts from are running code with tests of their own.
// oxlint-disable import/no-unassigned-import -- importing a test file is what registers its tests
import '../../scripts/skeletons/action/new-comer.test.ts'
import '../../scripts/skeletons/check/new-comer.test.ts'
import '../../scripts/skeletons/collector/new-comer.test.ts'
import '../../scripts/skeletons/detector/new-comer.test.ts'
import '../../scripts/skeletons/sink/new-comer.test.ts'
