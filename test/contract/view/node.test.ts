import { expect, test } from 'vitest';
import { showEnrollment } from '#contract/view/node.ts';

const lineFor = (publicUrl: string, allowHttp: boolean) => showEnrollment(publicUrl, 'rpe_code', 0, allowHttp).command;

test.for([
  { publicUrl: 'http://192.168.1.10:3000', allowHttp: true, says: true },
  { publicUrl: 'http://192.168.1.10:3000', allowHttp: false, says: false },
  { publicUrl: 'http://127.0.0.1:3000', allowHttp: true, says: false },
  { publicUrl: 'http://[::1]:3000', allowHttp: true, says: false },
  { publicUrl: 'http://localhost:3000', allowHttp: true, says: false },
  { publicUrl: 'https://rp.example.com', allowHttp: true, says: false },
])('the line for $publicUrl, with http allowed: $allowHttp, says so: $says', ({ publicUrl, allowHttp, says }) => {
  expect(lineFor(publicUrl, allowHttp)).toBe(
    `curl -fsSL ${publicUrl}/agent/install.sh | sudo sh -s -- --url ${publicUrl} --code rpe_code${says ? ' --allow-http' : ''}`,
  );
});
