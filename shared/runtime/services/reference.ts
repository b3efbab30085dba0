import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { service } from '../service.ts';

/** The API's reference as a page, and the policy by which a browser may run what is in it. */
export interface ReferencePage {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const start = `window.onload=()=>{SwaggerUIBundle({url:'/openapi.json',dom_id:'#reference',deepLinking:true,docExpansion:'list',validatorUrl:null,persistAuthorization:false})}`;

/** Everything is in the page itself: nothing is asked of anybody else, and the policy names each script by its hash. */
export function renderReference(script: string, style: string): ReferencePage {
  const safe = script.replaceAll('</script', '<\\/script');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runner Pilot API</title>
<style>${style}</style>
</head>
<body>
<div id="reference"></div>
<noscript>The description itself is <a href="/openapi.json">openapi.json</a>.</noscript>
<script>${safe}</script>
<script>${start}</script>
</body>
</html>
`;
  const contentSecurityPolicy = [
    "default-src 'none'",
    `script-src ${hashOf(safe)} ${hashOf(start)}`,
    // Swagger UI sets styles on elements as it goes.
    "style-src 'unsafe-inline'",
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, contentSecurityPolicy };
}

/** The reference, rendered by Swagger UI from the folder of its distribution. */
export const reference = service({
  id: 'reference',
  config: z.object({ RUNNER_PILOT_SWAGGER_FOLDER: z.string().min(1) }),
  open: ({ RUNNER_PILOT_SWAGGER_FOLDER: folder }) => {
    const read = (name: string) => readFile(join(folder, name), 'utf8');
    let page: Promise<ReferencePage> | undefined;
    const render = async () => renderReference(await read('swagger-ui-bundle.js'), await read('swagger-ui.css'));
    return {
      page: (): Promise<ReferencePage> => {
        page ??= render();
        page.catch(() => {
          page = undefined;
        });
        return page;
      },
    };
  },
});
