/**
 * The tests run against the compiled output in dist (imported as '#dist/…'), because worker threads and child
 * processes need real JavaScript: what is tested is what is shipped. Only the test files are transformed.
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // faults take minutes: `npm run faults` and `npm run faults:short`
  testPathIgnorePatterns: ['/node_modules/', ...(process.env.FAULTS ? [] : ['<rootDir>/test/faults/'])],
  modulePathIgnorePatterns: ['<rootDir>/\\.celeriac/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  // most tests wait more than they compute; faults load the machine themselves
  maxWorkers: process.env.FAULTS ? 2 : 3,
  // ends what hangs; what is promised of times is expected in the tests themselves
  testTimeout: 180_000,
};
