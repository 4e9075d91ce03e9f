/** The root of every error this library throws; `code` is stable and meant for programs, `message` for people. */
export abstract class CeleriacError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
