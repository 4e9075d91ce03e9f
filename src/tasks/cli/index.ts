export { run } from './program.js';
export { processIo } from './terminal/io.js';
export type { Io } from './terminal/io.js';
export { EXIT } from './exit-codes.js';
export type { ExitCode } from './exit-codes.js';
