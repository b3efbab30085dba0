import { beforeAll, expect, test } from 'vitest';
import { syncDocument } from '#agent/document.ts';
import { operations } from '#contract/operations.ts';
import { reachable } from '#runtime/service.ts';
import { ofType, preparedParts, type Synthesized, synthesize } from './synth.ts';

let made: Synthesized;
beforeAll(async () => {
  made = await synthesize();
});

test('the API has the routes of the contract, and one for everything else', () => {
  const routes = ofType(made.service, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey);

  expect(routes.sort()).toEqual([...operations.map(({ method, path }) => `${method} ${path}`), '$default'].sort());
});

test('each function’s environment has what its services need, and nothing that they do not read', async () => {
  const { functions } = await preparedParts();
  const deployed = new Map(
    ofType(made.service, 'AWS::Lambda::Function').map(([, { Properties }]) => [
      Properties.Description,
      Object.keys((Properties.Environment as { Variables?: object })?.Variables ?? {}),
    ]),
  );

  for (const { id, routeKey, services } of functions) {
    const variables = deployed.get(`Runner Pilot prod: ${routeKey ?? id}`);
    const read = reachable(services).flatMap(({ config }) => Object.entries(config.shape));
    const needed = read.filter(([, schema]) => !schema.safeParse(undefined).success).map(([name]) => name);
    expect(variables, id).toEqual(expect.arrayContaining(needed));
    expect(
      variables?.filter((name) => !read.some(([known]) => known === name)),
      id,
    ).toEqual([]);
  }
});

test('the document is the one that local mode runs', () => {
  const [[, document] = []] = ofType(made.service, 'AWS::SSM::Document');

  expect(document?.Properties.Content).toEqual(syncDocument);
  expect(syncDocument).not.toHaveProperty('parameters');
});
