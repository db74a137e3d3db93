import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: [
    'src/cli/main.ts',
    'test/**/*.test.ts',
    'test/run.ts',
    'test/bench/main.ts',
    'scripts/*.ts',
    'dashboards/source/build.ts',
  ],
  project: ['src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.ts', 'dashboards/**/*.ts'],
  ignoreBinaries: ['openssl', 'mount', 'umount', 'strace', 'mvn', 'logrotate'],
  ignoreDependencies: ['node', 'oxlint-tsgolint'],
}
export default config
