// ECMA-48: CSI sequences; then OSC, DCS, SOS, PM and APC strings up to their terminator; then other escapes. The classes
// that follow each other are disjoint and none contains ESC, so matching is linear.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is removed
const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A line as a person reads it: without control sequences and control characters, tabs excepted. */
export const plainText = (line: string): string => line.replace(sequences, '').replace(controls, '');
