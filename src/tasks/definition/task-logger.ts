/** Lines of a task, kept with its attempt and shown where its record is. Each goes to the process's log as well. */
export interface TaskLogger {
  debug(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
