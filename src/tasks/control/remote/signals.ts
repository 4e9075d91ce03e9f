/** Rows of commands are there to be looked at. */
export const COMMANDS_SENT = 'commands';

/** The rows of overrides have changed. */
export const OVERRIDES_CHANGED = 'overrides';

/** A worker has answered this command. */
export const answered = (commandId: string) => `answered ${commandId}`;
