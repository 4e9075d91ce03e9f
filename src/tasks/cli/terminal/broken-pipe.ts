/** Whoever reads it may have had enough: `celeriac events | head -3`. */
export function endAtBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}
