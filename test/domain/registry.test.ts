import { expect, test } from 'vitest';
import { RegistryHost } from '#domain/grammar.ts';
import { registryOf } from '#domain/registry.ts';

// As `docker pull` reads references.
test.each([
  ['ubuntu', 'docker.io'],
  ['ubuntu:22.04', 'docker.io'],
  ['myoung34/github-runner:latest', 'docker.io'],
  ['docker.io/library/ubuntu', 'docker.io'],
  ['index.docker.io/library/ubuntu', 'docker.io'],
  ['ghcr.io/actions/actions-runner', 'ghcr.io'],
  ['GHCR.io/actions/actions-runner', 'ghcr.io'],
  ['localhost/a', 'localhost'],
  ['localhost:5000/a/b:1', 'localhost:5000'],
  ['registry:5000/a@sha256:0123456789abcdef0123456789abcdef', 'registry:5000'],
  ['[fd00::1]:5000/a', '[fd00::1]:5000'],
  ['registry/a', 'docker.io'],
])('%s is pulled from %s', (image, host) => {
  expect(registryOf(image)).toBe(host);
});

test.each([
  ['GHCR.IO', 'ghcr.io'],
  ['index.docker.io', 'docker.io'],
  ['localhost', 'localhost'],
  ['localhost:5000', 'localhost:5000'],
  ['123456789012.dkr.ecr.eu-central-1.amazonaws.com', '123456789012.dkr.ecr.eu-central-1.amazonaws.com'],
])('%s is the host %s', (given, host) => {
  expect(RegistryHost.parse(given)).toBe(host);
});

test.each(['', 'registry', 'https://ghcr.io', 'ghcr.io/x', 'ghcr.io:port', 'a b.io', '.io', `${'x'.repeat(252)}.com`])(
  '%j is no host of a registry',
  (given) => {
    expect(RegistryHost.safeParse(given).success).toBe(false);
  },
);
