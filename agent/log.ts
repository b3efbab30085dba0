/** Writes a line about the agent itself, for the machine's own log. */
export type Log = (what: string) => void;

/** To standard error: what runs the agent adds the time. One line, whatever it says. */
export const logToStderr: Log = (what) => {
  process.stderr.write(`${what.replace(/[\r\n]+/g, ' ')}\n`);
};
