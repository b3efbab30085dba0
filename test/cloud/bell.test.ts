import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bell, openBell } from '#cloud/bell.ts';

interface Sent {
  readonly DocumentName: string;
  readonly InstanceIds: string[];
  readonly TimeoutSeconds: number;
}

let answer: (sent: Sent) => readonly [status: number, type?: string];
let sent: Sent[];
let unrung: [number, string][];
let bell: Bell;
let close: () => void;

const id = (n: number) => `mi-${n.toString(16).padStart(17, '0')}`;

beforeEach(async () => {
  sent = [];
  unrung = [];
  answer = () => [200];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const asked = JSON.parse(text) as Sent;
    sent.push(asked);
    const [status, type] = answer(asked);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(type ? { __type: type, message: 'no' } : { Command: {} }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new SSMClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'local',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  bell = openBell(client, 'RunnerPilot-test-Sync', (count, error) => unrung.push([count, (error as Error).name]));
  close = () => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  };
});
afterEach(() => close());

describe('the bell', () => {
  it('sends our document, and nothing but ids', async () => {
    await bell.ring([id(1), undefined, id(2), id(1)]);

    expect(sent).toEqual([{ DocumentName: 'RunnerPilot-test-Sync', InstanceIds: [id(1), id(2)], TimeoutSeconds: 30 }]);
  });

  it('rings nobody without calling anybody, and sends nothing that is no id', async () => {
    await bell.ring([undefined, '', '*', 'mi-1;reboot', 'tag:all']);

    expect(sent).toEqual([]);
  });

  it('rings fifty at once', async () => {
    await bell.ring(Array.from({ length: 120 }, (_, n) => id(n)));

    expect(sent.map(({ InstanceIds }) => InstanceIds.length)).toEqual([50, 50, 20]);
  });

  it('rings all the others when one unknown id refuses the whole call', async () => {
    answer = ({ InstanceIds }) => (InstanceIds.includes(id(17)) ? [400, 'InvalidInstanceId'] : [200]);

    const given = await bell.ring(Array.from({ length: 50 }, (_, n) => id(n)));

    const refused = new Set(sent.filter(({ InstanceIds }) => InstanceIds.includes(id(17))));
    const rung = sent.filter((one) => !refused.has(one)).flatMap(({ InstanceIds }) => InstanceIds);
    expect([...given].toSorted()).toEqual(rung.toSorted());
    expect(new Set(rung).size).toBe(49);
    expect(unrung).toEqual([[1, 'InvalidInstanceId']]);
    expect(sent.length).toBeLessThan(15);
  });

  it('changes nothing for whoever rings when it is throttled', async () => {
    answer = () => [400, 'ThrottlingException'];

    await bell.ring([id(1), id(2)]);

    expect(unrung).toEqual([[2, 'ThrottlingException']]);
    expect(sent).toHaveLength(1);
  });

  it('is rung again until SSM has room, for whoever has the patience', async () => {
    answer = () => (sent.length < 3 ? [400, 'ThrottlingException'] : [200]);

    const rung = await bell.ring([id(1), id(2)], { tries: 3 });

    expect([...rung]).toEqual([id(1), id(2)]);
    expect(sent).toHaveLength(3);
    expect(unrung).toEqual([]);
  });
});
