import * as z from 'zod';
import { callEngine } from './engine.ts';

const Bridge = z.object({
  IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string(), Gateway: z.string().optional() })) }),
});

/**
 * The address of this machine that its containers reach, on whatever network they are: the gateway of Docker's default
 * bridge. It is there even while no container is, unlike the bridge's entry in the list of network interfaces.
 */
export async function addressForContainers(socket = '/var/run/docker.sock'): Promise<string> {
  const answer = await callEngine(socket, 'GET', '/networks/bridge');
  const bridge = Bridge.safeParse(answer.status === 200 ? JSON.parse(answer.body.toString('utf8')) : undefined).data;
  const config = bridge?.IPAM.Config.find(({ Subnet }) => !Subnet.includes(':'));
  if (config === undefined) {
    throw new Error(
      'The Docker engine has no default bridge, so the stand-in can not tell which address containers reach. Name one: startGithub({ host: "192.168.1.10" }).',
    );
  }
  // Without a gateway of its own the bridge has the first address of its subnet.
  return config.Gateway ?? config.Subnet.replace(/\.\d+\/\d+$/, '.1');
}
