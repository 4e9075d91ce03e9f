/**
 * A process that uses an embedded database: says where it is in a line of JSON, stays until a line arrives on its input,
 * then releases and ends by itself. Arguments: the directory.
 */
import { startEmbeddedPostgres } from '#dist/tasks/embedded/index.js';

try {
  const database = await startEmbeddedPostgres({ directory: process.argv[2] });
  console.log(JSON.stringify({ url: database.url, directory: database.directory }));
  process.stdin.once('data', () => {
    process.stdin.destroy();
    database.release().catch((error) => console.error(error));
  });
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}
