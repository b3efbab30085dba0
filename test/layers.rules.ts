// Who may import whom. `only` lists what a folder may reach of this project and of npm; everything else is refused.

import type { ICruiseOptions, IForbiddenRuleType } from 'dependency-cruiser';

const only = (from: string, project: string[], packages: string[]): IForbiddenRuleType[] => [
  {
    name: `${from}-project`,
    severity: 'error',
    comment: `${from} may import of this project only: ${project.join(', ')}`,
    from: { path: `^${from}/` },
    to: { pathNot: [...project.map((p) => `^${p}`), '^node_modules/', '^node:'], dependencyTypesNot: ['core'] },
  },
  {
    name: `${from}-packages`,
    severity: 'error',
    comment: `${from} may import of npm only: ${packages.join(', ') || 'nothing'}`,
    from: { path: `^${from}/` },
    to: { path: '^node_modules/', pathNot: packages.map((p) => `^node_modules/(@types/)?${p}/`) },
  },
];

export const rules: { forbidden: IForbiddenRuleType[]; options: ICruiseOptions } = {
  forbidden: [
    ...only('shared/domain', ['shared/domain/'], ['zod']),
    { name: 'domain-is-pure', severity: 'error', from: { path: '^shared/domain/' }, to: { dependencyTypes: ['core'] } },
    ...only('shared/contract', ['shared/contract/', 'shared/domain/'], ['zod']),
    ...only('shared/store', ['shared/store/', 'shared/domain/'], ['@aws-sdk/(client|lib)-dynamodb', 'zod']),
    ...only('shared/cloud', ['shared/cloud/', 'shared/domain/'], ['@aws-sdk/client-[a-z-]+', 'zod']),
    ...only('shared/github', ['shared/github/', 'shared/domain/'], ['@octokit/[a-z-]+', 'zod']),
    ...only(
      'shared/lambda',
      ['shared/lambda/', 'shared/domain/', 'shared/contract/', 'shared/runtime/'],
      ['@middy/[a-z-]+', 'jose', 'zod', 'aws-lambda'],
    ),
    ...only(
      'shared/runtime',
      ['shared/runtime/', 'shared/domain/', 'shared/store/', 'shared/cloud/', 'shared/github/'],
      ['@aws-sdk/(client|lib)-[a-z-]+', 'zod', 'uuid', 'jose'],
    ),
    ...only(
      'functions',
      ['functions/', 'shared/domain/', 'shared/contract/', 'shared/lambda/', 'shared/runtime/services/'],
      ['zod', 'swagger-ui-dist'],
    ),
    {
      name: 'functions-stand-alone',
      severity: 'error',
      comment: 'a function never imports another function of another operation',
      from: { path: '^functions/([^/]+)/' },
      to: { path: '^functions/', pathNot: '^functions/$1/' },
    },
    ...only(
      'agent',
      ['agent/', 'shared/contract/(agent|fields|operation)\\.ts', 'shared/domain/'],
      ['@aws-sdk/client-cloudwatch-logs', 'zod', 'esbuild'],
    ),
    {
      name: 'local-shares-no-code',
      severity: 'error',
      comment: 'an emulator that shares our code shares our bugs',
      from: { path: '^local/' },
      to: { path: '^shared/(store|cloud|lambda|github|runtime)/', pathNot: '^shared/store/table\\.ts$' },
    },
    {
      name: 'nobody-imports-local',
      severity: 'error',
      from: { path: '^(shared|functions|infra|agent)/' },
      to: { path: '^(local|test)/' },
    },
    {
      name: 'infra-describes',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^shared/(cloud|github)/' },
    },
    {
      name: 'only-the-store-knows-dynamodb',
      severity: 'error',
      from: { path: '^(shared|functions|infra|agent)/', pathNot: '^shared/(store|runtime/services)/' },
      to: { path: '^node_modules/@aws-sdk/(client|lib)-dynamodb/' },
    },
    { name: 'no-circles', severity: 'error', from: { pathNot: '^node_modules' }, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
