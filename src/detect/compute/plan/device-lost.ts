import { ModelwardError } from '../../../runtime/errors.ts'

/** The device is gone (driver reset, adapter unplugged, its process ended): what it was asked is unanswered, never wrong. */
export class DeviceLostError extends ModelwardError {
  readonly code = 'MW_DEVICE_LOST'
}
