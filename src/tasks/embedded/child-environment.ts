/**
 * What the server and its keeper see of the environment: nothing that could change how they behave (PGDATA, NODE_OPTIONS,
 * a locale that does not exist). They outlive the process that started them, so its environment is not theirs.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  const fixed = { LC_ALL: 'C', TZ: 'UTC' };
  if (process.platform !== 'win32') return fixed;
  // On Windows nothing starts without these three.
  const { SystemRoot, PATH, TEMP } = process.env;
  return { ...fixed, SystemRoot, PATH, TEMP };
}
