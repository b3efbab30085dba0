import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type * as z from 'zod';
import { describeFunctions } from '#infra/functions.ts';
import type { ServiceParts } from '#infra/service.ts';
import { createStacks } from '#infra/stacks.ts';
import { Stage } from '#infra/stage.ts';
import cdk from '../../cdk.json' with { type: 'json' };

/** A property of a resource: whatever CloudFormation makes of it. */
export type Property = string | number | boolean | readonly Property[] | { readonly [name: string]: Property };

/** A resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, Property>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A synthesized template. */
export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Parameters: Readonly<Record<string, { readonly Type: string; readonly Default?: string }>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: Property; readonly Export?: Property }>>;
}

/** What one stage is asked of AWS. */
export interface Synthesized {
  readonly app: App;
  readonly stage: Stage;
  readonly state: Template;
  readonly service: Template;
}

let parts: Promise<ServiceParts> | undefined;

/** The functions as they describe themselves, with an empty artefact for each: templates don't depend on what is in it. */
export function preparedParts(): Promise<ServiceParts> {
  parts ??= describeFunctions().then((functions) => {
    const folder = mkdtempSync(join(tmpdir(), 'rp-artefact-'));
    writeFileSync(join(folder, 'index.js'), 'exports.handler = async () => {};\n');
    return { functions, bundles: { folderOf: () => folder }, agentSha256: '0'.repeat(64) };
  });
  return parts;
}

// CloudFormation's validation takes seconds for each template: `npm run synth` does it once, and fails by it.
process.env.CDK_VALIDATION = 'false';

/** An app as `cdk synth` makes it, of one stage, before it is synthesized. */
export async function appOf(options: Partial<z.input<typeof Stage>> = {}): Promise<{ app: App; stage: Stage }> {
  const stage = Stage.parse({ name: 'prod', ...options });
  const app = new App({ outdir: mkdtempSync(join(tmpdir(), 'rp-synth-')), context: cdk.context });
  createStacks(app, stage, await preparedParts());
  return { app, stage };
}

/** The templates of one stage. */
export async function synthesize(options: Partial<z.input<typeof Stage>> = {}): Promise<Synthesized> {
  const { app, stage } = await appOf(options);
  const assembly = app.synth();
  const template = (name: string): Template => {
    const { Resources = {}, Parameters = {}, Outputs = {} } = assembly.getStackByName(name).template;
    return { Resources, Parameters, Outputs };
  };
  return {
    app,
    stage,
    state: template(`RunnerPilot-${stage.name}-State`),
    service: template(`RunnerPilot-${stage.name}-Service`),
  };
}

/** The resources of a type, by logical id. */
export const ofType = (template: Template, type: string): [id: string, resource: TemplateResource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
