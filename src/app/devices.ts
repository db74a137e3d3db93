import type { DeviceReport } from '../contract/compute.ts'
import { devicesWith } from '../detect/compute/devices.ts'
import { surveyDevices } from '../detect/compute/survey.ts'
import type { Config } from './config/load.ts'
import { givenFor, type World } from './wiring.ts'

/** Every compute device: usable or why not, how far it is from `ref`, how fast it is. Takes some seconds. */
export function readDevices(config: Config, world: World): Promise<readonly DeviceReport[]> {
  return surveyDevices(givenFor(world, 'compute'), devicesWith(config.shape.compute.tfjsFolder))
}
