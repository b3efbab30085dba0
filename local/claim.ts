/** What a cloud takes of this process; only one can have it. */
const taken = Symbol.for('runner-pilot.cloud');
const processWide = globalThis as { [taken]?: string };
let functionsUsed = false;

/**
 * Functions read the environment of the process and keep what they have opened, for that is how Lambda runs them. So a
 * process has one cloud at a time, and the functions that are loaded have one for ever.
 */
export function takeProcess(): () => void {
  if (processWide[taken]) throw new Error('There is a cloud in this process already: close it first.');
  if (functionsUsed) {
    throw new Error(
      'The functions in this process belong to a cloud that has been closed. Start the next one in a process of its ' +
        "own; in tests, import startCloud from '#test/cloud.ts', which loads everything anew.",
    );
  }
  processWide[taken] = 'taken';
  functionsUsed = true;
  return () => {
    delete processWide[taken];
  };
}
