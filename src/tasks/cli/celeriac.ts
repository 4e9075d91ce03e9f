#!/usr/bin/env node
import { run } from './program.js';
import { endAtBrokenPipe } from './terminal/broken-pipe.js';
import { processIo } from './terminal/io.js';

process.stdout.on('error', endAtBrokenPipe);
process.exitCode = await run(process.argv.slice(2), processIo());
