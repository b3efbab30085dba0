import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Files that a function reads besides its bundle. */
export interface Attachment {
  /** The variable by which it learns where they are. */
  readonly variable: string;
  /** The folder inside the artefact. */
  readonly into: string;
  readonly from: string;
  readonly files: readonly string[];
}

/** Where the agent is built. */
export const agentFolder = fileURLToPath(new URL('../dist/agent', import.meta.url));
const swaggerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const docsFolder = fileURLToPath(new URL('../docs', import.meta.url));
const agent = { variable: 'RUNNER_PILOT_AGENT_FOLDER', into: 'agent', from: agentFolder };

/** By function: what is installed on nodes, and the reference's page. */
export const attachments: Readonly<Record<string, Attachment>> = {
  'agent.installer': { ...agent, files: ['install.sh'] },
  'agent.program': { ...agent, files: ['agent.mjs'] },
  'system.problems': {
    variable: 'RUNNER_PILOT_DOCS_FOLDER',
    into: 'docs',
    from: docsFolder,
    files: ['problems.md'],
  },
  'system.docs': {
    variable: 'RUNNER_PILOT_SWAGGER_FOLDER',
    into: 'swagger',
    from: swaggerFolder,
    files: ['swagger-ui-bundle.js', 'swagger-ui.css'],
  },
};

/** Where Lambda puts a function's artefact. */
export const taskRoot = '/var/task';
