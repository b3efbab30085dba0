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

const agentFolder = fileURLToPath(new URL('../dist/agent', import.meta.url));
/** The agent's program, built. */
export const agentProgram = `${agentFolder}/agent.mjs`;
const swaggerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const agent = { variable: 'RUNNER_PILOT_AGENT_FOLDER', into: 'agent', from: agentFolder };

/** By function: what is installed on nodes, and the reference's page. */
export const attachments: Readonly<Record<string, Attachment>> = {
  'agent.installer': { ...agent, files: ['install.sh'] },
  'agent.program': { ...agent, files: ['agent.mjs'] },
  'system.docs': {
    variable: 'RUNNER_PILOT_SWAGGER_FOLDER',
    into: 'swagger',
    from: swaggerFolder,
    files: ['swagger-ui-bundle.js', 'swagger-ui.css'],
  },
};

/** Where Lambda puts a function's artefact. */
export const taskRoot = '/var/task';
