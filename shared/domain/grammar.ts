import * as z from 'zod';
import { isRegistryHost, registryId } from './registry.ts';

// Every pattern is anchored, linear, and applied after a length check: `max` comes first, and `regex` aborts.

const text = (max: number) => z.string().max(max, { error: `must have at most ${max} characters`, abort: true });

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const printable = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/;

/** A name that a person gives: 1 to 63 printable characters, not blank at either end. */
export const Name = text(63)
  .min(1, 'must not be empty')
  .regex(printable, 'must have no control characters')
  .refine((s) => s.trim() === s, 'must not begin or end with a blank')
  .refine((s) => s.isWellFormed(), 'must be well-formed Unicode');

/** A remark that a person leaves for others: 1 to 200 printable characters. */
export const Note = text(200)
  .min(1, 'must not be empty')
  .regex(printable, 'must have no control characters')
  .refine((s) => s.isWellFormed(), 'must be well-formed Unicode');

/** A person's name: 1 to 128 printable characters. */
export const FullName = text(128)
  .min(1, 'must not be empty')
  .regex(printable, 'must have no control characters')
  .refine((s) => s.trim().length > 0, 'must not be blank')
  .refine((s) => s.isWellFormed(), 'must be well-formed Unicode');

/** An organization's short name: 2 to 39 letters, digits and inner hyphens (GitHub's rule for a login). */
export const ShortName = text(39).regex(
  /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])$/,
  'must be 2 to 39 letters, digits and inner hyphens, such as "GT"',
);

// The grammar is that of github.com/distribution/reference: [domain[:port]/]path[:tag][@digest], 255 characters for the name.
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const imageReference = new RegExp(
  `^((?:${domain}/)?${pathComponent}(?:/${pathComponent})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/** A Docker image by the distribution reference grammar, such as `ubuntu:22.04` or `ghcr.io/actions/actions-runner`. */
export const DockerImage = text(512)
  .min(1, 'must not be empty')
  .refine((s) => {
    const name = imageReference.exec(s)?.[1];
    return name !== undefined && name.length <= 255;
  }, 'must be an image reference, such as "ubuntu:22.04" or "ghcr.io/actions/actions-runner:latest"');

const registryHost = new RegExp(`^${domain}$`);

/** A registry of images as references name it: `docker.io`, `ghcr.io`, `localhost:5000`. */
export const RegistryHost = text(255)
  .min(1, 'must not be empty')
  .refine(
    (s) => registryHost.test(s) && isRegistryHost(s),
    'must be the host of a registry as image references begin with it, such as "ghcr.io", "docker.io" or "localhost:5000"',
  )
  .transform(registryId);

/** A name to log in with at a registry: up to 255 printable characters without a colon (RFC 7617, 2). */
export const RegistryUsername = text(255)
  .min(1, 'must not be empty')
  .regex(printable, 'must have no control characters')
  .refine((s) => s.isWellFormed() && !s.includes(':'), 'must be well-formed Unicode without a colon');

/** A password or token of a registry: up to 8,192 characters; some registries' are JSON documents of several lines. */
export const RegistryPassword = text(8192)
  .min(1, 'must not be empty')
  .refine((s) => s.isWellFormed() && !s.includes('\0'), 'must be text without NUL');

/** A repository `owner/name`, or `owner` alone for the runners of a whole organization. */
export const GithubRepo = text(140).regex(
  /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100})?$/,
  'must be "owner/name", such as "Gigatech/my-repo", or "owner" for a whole organization',
);

/** What may be given as a runner's credential: one line of visible ASCII, at most 4,096 characters. */
export const RunnerToken = text(4096)
  .min(8, 'must have at least 8 characters')
  .regex(/^[!-~…]+$/, 'must be one line of visible ASCII without blanks');

/** A label of a runner: 1 to 100 characters that GitHub takes, without a comma. */
export const Label = text(100).regex(
  /^[A-Za-z0-9_][A-Za-z0-9_.:=/-]*$/,
  'must begin with a letter, digit or underscore, and go on with those or any of . : = / -',
);

// GitHub's runner reads its own settings and the inputs of actions from variables of these names.
const reserved = /^(?:RUNNER_|ACTIONS_RUNNER_)/i;

const EnvironmentName = text(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name such as "HTTP_PROXY"')
  .refine((s) => !reserved.test(s), 'must not begin with RUNNER_ or ACTIONS_RUNNER_, which are the runner’s own');

const EnvironmentValue = text(4096).refine((s) => s.isWellFormed() && !s.includes('\0'), 'must be text without NUL');

/** Variables of a container, which are not secret: at most 64, with at most 4,096 characters in names and values. */
export const ContainerEnvironment = z
  .record(EnvironmentName, EnvironmentValue)
  .refine((all) => Object.keys(all).length <= 64, 'must have at most 64 variables')
  .refine((all) => Object.entries(all).flat().join('').length <= 4096, 'must have at most 4,096 characters in all');

/** A TCP port. */
export const Port = z.int('must be a whole number').min(1, 'must be 1 to 65535').max(65535, 'must be 1 to 65535');

const hostName =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
const digitsAndDots = /^[0-9.]+$/;
const ipv4 = z.ipv4();
const ipv6 = z.ipv6();

/** An address of a machine: IP v4 or v6, or a host name. */
export const Address = text(253)
  .min(1, 'must not be empty')
  .refine(
    (s) => ipv4.safeParse(s).success || ipv6.safeParse(s).success || (!digitsAndDots.test(s) && hostName.test(s)),
    'must be an IP address (v4 or v6) or a host name, such as "192.168.1.10"',
  );

/** A password: 8 to 128 characters, taken exactly as they are. */
export const Password = text(128)
  .min(8, 'must have at least 8 characters')
  .refine((s) => s.isWellFormed(), 'must be well-formed Unicode');
