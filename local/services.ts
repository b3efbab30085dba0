import { syncDocument as documentContent } from '#agent/document.ts';
import type { Installation } from './aws/installation.ts';
import { awsEndpoint } from './aws.ts';
import type { AwsServices } from './gateway.ts';
import { openKms } from './kms.ts';
import { openLogs } from './logs.ts';
import { openSsm } from './ssm.ts';
import { openSts } from './sts.ts';
import { accountId, dataAlias, logGroup, region, signingAlias, stage, syncDocument } from './surroundings.ts';

/** What {@link openServices} needs. */
export interface ServicesOptions {
  readonly dataFolder: string;
  readonly installation: Installation;
  /** Where the document finds the agent's door. */
  readonly runDir: string;
  readonly onError: (what: string, error: unknown) => void;
}

/** The services of AWS that answer on the gateway's port. */
export interface Services extends AwsServices {
  /** The public halves of the keys that sign. */
  readonly jwks: object;
  /** The managed instance that this machine is. */
  readonly managedInstanceId: string;
  close(): Promise<void>;
}

/** Opens them over the data folder. */
export function openServices({ dataFolder, installation, runDir, onError }: ServicesOptions): Services {
  const here = { dataFolder, region, accountId, onError };
  const kms = openKms({ ...here, signingAlias, dataAlias });
  const logs = openLogs({ ...here, groups: { [logGroup]: 30 } });
  const sts = openSts(here);
  const ssm = openSsm({
    ...here,
    stage,
    documents: { [syncDocument]: documentContent },
    environment: { PATH: process.env.PATH ?? '/usr/bin:/bin', RUNNER_PILOT_AGENT_RUN: runDir },
  });
  const endpoint = awsEndpoint({
    installation,
    region,
    accountId,
    services: [kms, logs, ssm, sts],
    findSession: sts.findSession,
    onError,
  });
  return {
    ...endpoint,
    jwks: kms.publicJwks(),
    managedInstanceId: ssm.instanceId,
    async close() {
      await ssm.close();
      await logs.close();
    },
  };
}
