import { hostname } from 'node:os';
import { join } from 'node:path';
import { makePrivateFolder } from './aws/disk.ts';
import type { AwsService } from './aws.ts';
import {
  createActivation,
  deleteActivation,
  describeActivations,
  newInstanceId,
  registerByActivation,
} from './ssm/activations.ts';
import { getCommandInvocation, listCommands, sendCommand } from './ssm/commands.ts';
import { type Agent, createDispatcher } from './ssm/dispatcher.ts';
import { type Document, parseDocument } from './ssm/document.ts';
import { openHistory } from './ssm/history.ts';
import { deregisterManagedInstance, describeInstanceInformation } from './ssm/instances.ts';
import { openRegistry } from './ssm/registry.ts';
import { type Execute, shellExecutor } from './ssm/shell.ts';
import { addTagsToResource, listTagsForResource } from './ssm/tags.ts';
import { createThrottle } from './ssm/throttle.ts';

/** What {@link openSsm} needs. */
export interface SsmOptions {
  /** The data folder: the registry and the command history are in its `ssm`. */
  readonly dataFolder: string;
  readonly region: string;
  readonly accountId: string;
  /** Command documents by name, as JSON or as data. No others exist. */
  readonly documents: Readonly<Record<string, unknown>>;
  /** Only instances whose stage tag says this may be sent commands; this machine has it. */
  readonly stage: string;
  /** @default runner-pilot:stage */
  readonly stageTag?: string;
  /** All that a command sees of the environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly onError: (what: string, error: unknown) => void;
  /** @default 100 */
  readonly commandsPerSecond?: number;
  readonly now?: () => number;
}

/** A further managed instance. */
export interface ExtraInstance {
  readonly name?: string;
  /** @default the stage's tag */
  readonly tags?: Readonly<Record<string, string>>;
  /** Registers as a machine's SSM agent does with this; then the activation's tags count. */
  readonly activation?: { readonly activationId: string; readonly code: string };
  /** @default a shell on this machine, as for this machine's own instance */
  readonly execute?: Execute;
  /** @default always */
  readonly isOnline?: () => boolean;
}

/** AWS Systems Manager: Run Command and managed instances. Commands really run, in a shell on this machine. */
export function openSsm(options: SsmOptions): AwsService & {
  /** The managed instance that this machine is. */
  readonly instanceId: string;
  /** Adds an instance, whose registration lasts but whose agent is gone at the end of this process. */
  register(instance?: ExtraInstance): { instanceId: string };
  /** Connects an instance that was registered by an earlier process. */
  connect(instanceId: string, agent?: Partial<Agent>): void;
  close(): Promise<void>;
} {
  const { dataFolder, region, accountId, stage, stageTag = 'runner-pilot:stage', onError, now = Date.now } = options;
  const folder = join(dataFolder, 'ssm');
  makePrivateFolder(folder);
  const arnPrefix = `arn:aws:ssm:${region}:${accountId}`;
  const documents = new Map(
    Object.entries(options.documents).map(([name, content]): [string, Document] => [
      name,
      parseDocument(name, content),
    ]),
  );
  const platformType = process.platform === 'darwin' ? 'MacOS' : 'Linux';
  const shell = shellExecutor({ environment: options.environment, platformType });

  const registry = openRegistry(join(folder, 'registry.json'));
  const history = openHistory(join(folder, 'commands.jsonl'), now);
  const dispatcher = createDispatcher({ history, documents, now, onError });

  function register({ name = hostname(), tags = { [stageTag]: stage }, activation, ...agent }: ExtraInstance) {
    const instance = activation
      ? registerByActivation({ registry, arnPrefix, now }, { ...activation, name })
      : { instanceId: newInstanceId(), name, activationId: '', iamRole: '', registeredAt: now(), tags: { ...tags } };
    registry.instances.set(instance.instanceId, instance);
    registry.save();
    connect(instance.instanceId, agent);
    return { instanceId: instance.instanceId };
  }

  function connect(instanceId: string, { execute = shell, isOnline = () => true }: Partial<Agent> = {}): void {
    dispatcher.connect(instanceId, { execute, isOnline });
  }

  /** At the first start, and if somebody has deregistered this machine. */
  function registerThisMachine(): string {
    const id = newInstanceId();
    const tags = { [stageTag]: stage };
    const instance = { instanceId: id, name: hostname(), activationId: '', iamRole: '', registeredAt: now(), tags };
    registry.instances.set(id, instance);
    registry.thisInstance = id;
    registry.save();
    return id;
  }

  const known = registry.thisInstance;
  const instanceId = known !== undefined && registry.instances.has(known) ? known : registerThisMachine();
  connect(instanceId);

  const shared = { registry, arnPrefix, now };
  const throttle = createThrottle(options.commandsPerSecond ?? 100, now);
  const tag = { key: stageTag, value: stage };
  const commands = { ...shared, history, dispatcher, documents, tag, throttle };
  const instances = { ...shared, dispatcher, platformType };

  return {
    name: 'ssm',
    api: { target: 'AmazonSSM' },
    invalidInput: 'ValidationException',
    operations: {
      SendCommand: sendCommand(commands),
      ListCommands: listCommands(commands),
      GetCommandInvocation: getCommandInvocation(commands),
      CreateActivation: createActivation(shared),
      DescribeActivations: describeActivations(shared),
      DeleteActivation: deleteActivation(shared),
      DescribeInstanceInformation: describeInstanceInformation(instances),
      DeregisterManagedInstance: deregisterManagedInstance(instances),
      AddTagsToResource: addTagsToResource(registry, arnPrefix),
      ListTagsForResource: listTagsForResource(registry, arnPrefix),
    },
    instanceId,
    register: (instance = {}) => register(instance),
    connect,
    async close() {
      await dispatcher.close();
      history.close();
    },
  };
}
