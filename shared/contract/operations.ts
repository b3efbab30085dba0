import * as agent from './agent.ts';
import * as auth from './auth.ts';
import * as instances from './instances.ts';
import * as nodes from './nodes.ts';
import type { Operation } from './operation.ts';
import * as organizations from './organizations.ts';
import * as registries from './registries.ts';
import * as runners from './runners.ts';
import * as system from './system.ts';

/** The whole HTTP API, as one object: `contract.nodes.create`. */
export const contract = {
  auth: { register: auth.register, login: auth.login },
  onboarding: { create: auth.onboarding },
  common: { me: auth.me },
  organizations: {
    create: organizations.create,
    list: organizations.list,
    get: organizations.get,
    change: organizations.change,
    instances: instances.listAll,
  },
  nodes: {
    create: nodes.create,
    list: nodes.list,
    get: nodes.get,
    change: nodes.change,
    remove: nodes.remove,
    enrollment: nodes.enrollment,
    drain: nodes.drain,
    undrain: nodes.undrain,
    events: nodes.events,
  },
  runners: {
    create: runners.create,
    list: runners.list,
    get: runners.get,
    change: runners.change,
    remove: runners.remove,
  },
  registries: {
    list: registries.list,
    put: registries.put,
    get: registries.get,
    remove: registries.remove,
  },
  instances: {
    create: instances.create,
    list: instances.list,
    get: instances.get,
    remove: instances.remove,
    metrics: instances.metrics,
    logs: instances.logs,
    events: instances.events,
  },
  agent: {
    enroll: agent.enroll,
    sync: agent.sync,
    claim: agent.claim,
    registry: agent.registry,
    images: agent.images,
    credentials: agent.credentials,
    installer: agent.installer,
    program: agent.program,
  },
  system: { health: system.health, openapi: system.openapi, docs: system.docs, problems: system.problems },
} as const;

/** Every operation of the API. */
export const operations: readonly Operation[] = Object.values(contract).flatMap((group) =>
  Object.values<Operation>(group),
);
