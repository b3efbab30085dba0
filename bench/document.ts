import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../docs/soak.md', import.meta.url));

const preface = `# Over time

What takes longer than \`npm run bench\` has time for. Each part is written anew by the command that it names, and the
others stay.
`;

/** Writes a section of docs/soak.md anew, and leaves the others. */
export function putSection(title: string, lines: readonly string[]): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : preface;
  const [head = preface, ...sections] = before.split(/^(?=## )/m);
  const section = `## ${title}\n\n${lines.join('\n').trimEnd()}\n`;
  const at = sections.findIndex((one) => one.startsWith(`## ${title}\n`));
  if (at === -1) sections.push(section);
  else sections[at] = section;
  writeFileSync(
    path,
    [head, ...sections]
      .map((part) => part.trimEnd())
      .join('\n\n')
      .concat('\n'),
  );
}
