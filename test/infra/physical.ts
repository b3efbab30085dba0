import type { Property, Synthesized, Template, TemplateResource } from './synth.ts';

// What CloudFormation would make of a template's references, in one imagined account: enough to simulate IAM with.

/** The account that templates are resolved in. */
export const account = '111122223333';
/** The region that templates are resolved in. */
export const region = 'eu-central-1';

const pseudo: Readonly<Record<string, string>> = {
  'AWS::AccountId': account,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/State/b6c1d2e3-f4a5-11ef-8888-0242ac120002`,
};

/** The ARN of a resource, by what `Ref` gives. */
const arnOf: Readonly<Record<string, (name: string) => string>> = {
  'AWS::IAM::Role': (name) => `arn:aws:iam::${account}:role/${name}`,
  'AWS::Logs::LogGroup': (name) => `arn:aws:logs:${region}:${account}:log-group:${name}:*`,
  'AWS::KMS::Key': (name) => `arn:aws:kms:${region}:${account}:key/${name}`,
  'AWS::Lambda::Function': (name) => `arn:aws:lambda:${region}:${account}:function:${name}`,
  'AWS::DynamoDB::Table': (name) => `arn:aws:dynamodb:${region}:${account}:table/${name}`,
  'AWS::SNS::Topic': (name) => `arn:aws:sns:${region}:${account}:${name}`,
};

const nameOf = (id: string, { Properties }: TemplateResource): string =>
  [Properties.LogGroupName, Properties.Name].find((name) => typeof name === 'string') ?? id;

/** Resolves what is written in a stage's templates. */
export function physical({ state, service }: Pick<Synthesized, 'state' | 'service'>) {
  const parameters = new Map<string, Property>();

  function resolve(template: Template, value: Property): Property {
    if (Array.isArray(value)) return value.map((one) => resolve(template, one));
    if (typeof value !== 'object' || value === null) return value;
    const [[name, inner] = [], ...more] = Object.entries(value);
    const known = more.length === 0 && name !== undefined ? intrinsics[name] : undefined;
    if (known && inner !== undefined) return known(template, inner);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(template, one)]));
  }

  const resourceOf = (template: Template, id: string): TemplateResource => {
    const resource = template.Resources[id];
    if (!resource) throw new Error(`There is no resource ${id}.`);
    return resource;
  };
  const list = (template: Template, value: Property): readonly Property[] => resolve(template, value) as Property[];

  const intrinsics: Readonly<Record<string, (template: Template, inner: Property) => Property>> = {
    Ref: (template, inner) => {
      const id = String(inner);
      const parameter = template.Parameters[id];
      if (pseudo[id]) return pseudo[id];
      if (parameter) return parameters.get(parameter.Default ?? '') ?? `<${parameter.Default}>`;
      return nameOf(id, resourceOf(template, id));
    },
    'Fn::GetAtt': (template, inner) => {
      const [id = '', attribute = ''] = (inner as Property[]).map(String);
      const resource = resourceOf(template, id);
      const arn = arnOf[resource.Type];
      return attribute === 'Arn' && arn ? arn(nameOf(id, resource)) : `<${id}.${attribute}>`;
    },
    'Fn::Join': (template, inner) => {
      const [separator, parts] = inner as [string, Property];
      return list(template, parts).join(separator);
    },
    'Fn::Select': (template, inner) => {
      const [index, parts] = inner as [string, Property];
      return list(template, parts)[Number(index)] ?? '';
    },
    'Fn::Split': (template, inner) => {
      const [separator, text] = inner as [string, Property];
      return String(resolve(template, text)).split(separator);
    },
  };

  for (const { Type, Properties } of Object.values(state.Resources)) {
    if (Type !== 'AWS::SSM::Parameter') continue;
    parameters.set(String(Properties.Name), resolve(state, Properties.Value ?? ''));
  }
  return {
    state: (value: Property) => resolve(state, value),
    service: (value: Property) => resolve(service, value),
    /** What the state stack has published, by the parameter's name. */
    published: parameters as ReadonlyMap<string, Property>,
  };
}
