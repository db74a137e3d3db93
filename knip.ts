import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: [
    'test/**/*.test.ts',
    'test/bench/*-{daemon,child}.ts',
    'test/peer/*-writer.ts',
    'test/fault/*-child.ts',
    'src/detect/compute/tfjs/worker.ts',
    'src/detect/reading/worker.ts',
    'scripts/*.ts',
    'dashboards/source/build.ts',
  ],
  project: ['src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.ts', 'dashboards/**/*.ts'],
  // A shape that an exported function speaks of is part of what is exported.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Programs of the operating system that tests run.
  ignoreBinaries: [
    'openssl',
    'mount',
    'umount',
    'strace',
    'logrotate',
    'systemd-analyze',
    'unshare',
    'buildah',
    'xz',
    'taskset',
  ],
}
export default config
