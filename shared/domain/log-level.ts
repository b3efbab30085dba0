import { plainText } from './plain-text.ts';

/** How serious a line of a log is. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

const levels: Readonly<Record<string, LogLevel>> = {
  TRACE: 'DEBUG',
  VERBOSE: 'DEBUG',
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  INFORMATION: 'INFO',
  NOTICE: 'INFO',
  WARN: 'WARN',
  WARNING: 'WARN',
  ERR: 'ERROR',
  ERROR: 'ERROR',
  FATAL: 'ERROR',
  CRITICAL: 'ERROR',
  SEVERE: 'ERROR',
  PANIC: 'ERROR',
};

// Workflow commands: `::error file=a.js::Missing`, and `##[error]Missing` as they are shown.
const command = /^(?:::|##\[)(debug|notice|warning|error)\b/;
// Structured lines: `level=warn`, `"severity": "ERROR"`.
const member = /(?:^|[\s{,])"?(?:level|lvl|severity)"?\s{0,4}[:=]\s{0,4}"?([A-Za-z]{3,11})\b/;
const timestamp = /^(?:[[(]?\d[\d:./,+TZ-]{3,40}[\])]?:?\s+){1,3}/;
const bracketed = /^[[(<]([^\])>]{1,80})[\])>]/;
// What the runner itself says when something is wrong.
const runnerError =
  /^(?:An error occur{1,2}ed|Runner connect error:|Failed to create a? ?session|Unhandled exception|Http response code:|Response status code does not indicate success|The runner no longer exists|Cannot configure the runner|Must not run)/;

const word = (text: string | undefined): LogLevel | undefined => {
  const name = text?.replace(/[:!|]+$/, '') ?? '';
  // `ERROR`, `WARN:`, `Error:`, `warning:`; a lower-case word without a colon is a word like any other.
  return name === name.toUpperCase() || text?.endsWith(':') ? levels[name.toUpperCase()] : undefined;
};

/** The level that a line gives itself, by the marks that people and programs use at its beginning; otherwise `INFO`. */
export function levelOf(line: string): LogLevel {
  // A level stands at the beginning. What comes later is not looked at, so a long line costs nothing.
  const text = plainText(line.slice(0, 512)).trimStart().slice(0, 256);
  const named = command.exec(text)?.[1] ?? member.exec(text)?.[1];
  const level = named && levels[named.toUpperCase()];
  if (level) return level;

  const said = text.replace(timestamp, '');
  if (runnerError.test(said)) return 'ERROR';
  for (const part of bracketed.exec(said)?.[1]?.split(/\s+/, 8) ?? []) {
    const inside = levels[part.toUpperCase()];
    if (inside !== undefined) return inside;
  }
  const [first = '', second] = said.replace(bracketed, '').trimStart().split(/\s+/, 2);
  // `npm ERR! code 1`, `main.c:3:4: warning: unused`.
  return word(first) ?? (first.endsWith(':') || first === 'npm' ? word(second) : undefined) ?? 'INFO';
}
