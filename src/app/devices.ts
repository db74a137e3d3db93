import type { DeviceReport } from '../contract/compute.ts'
import { surveyDevices } from '../detect/compute/survey.ts'
import { givenFor, type World } from './wiring.ts'

/** Every compute device: usable or why not, how far it is from `ref`, how fast it is. Takes some seconds. */
export function readDevices(world: World): Promise<readonly DeviceReport[]> {
  return surveyDevices(givenFor(world, 'compute'))
}
