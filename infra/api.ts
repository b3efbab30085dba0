import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  CfnApiMapping,
  CfnStage,
  CorsHttpMethod,
  DomainName,
  HttpApi,
  type HttpMethod,
  HttpRoute,
  HttpRouteKey,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { corsAllowHeaders, corsExposeHeaders, corsMaxAgeSeconds, corsMethods } from '#contract/cors.ts';
import { acknowledge } from './acknowledge.ts';
import type { FunctionDescription } from './functions.ts';
import { accessLogGroup, pascal } from './names.ts';
import type { Stage } from './stage.ts';

/** What is written of each request: who asked is in the function's own line, under the same request id. */
/** What is logged of each request; when, CloudWatch knows by itself. */
export const accessLogFormat = JSON.stringify({
  request_id: '$context.requestId',
  route: '$context.routeKey',
  status: '$context.status',
  latency_ms: '$context.responseLatency',
  integration_latency_ms: '$context.integrationLatency',
  integration_error: '$context.integrationErrorMessage',
  error: '$context.error.message',
  response_bytes: '$context.responseLength',
  ip: '$context.identity.sourceIp',
});

/** The API without its routes: functions need its address before they are there. */
export interface Api {
  readonly http: HttpApi;
  /** `https://…`, without a slash at the end. */
  readonly url: string;
  readonly domain: DomainName | undefined;
}

/** Makes the API and its custom domain. */
export function createApi(scope: Construct, stage: Stage): Api {
  const http = new HttpApi(scope, 'Api', {
    apiName: `RunnerPilot-${stage.name}`,
    createDefaultStage: false,
    ...(stage.corsOrigins.length > 0 && {
      corsPreflight: {
        allowOrigins: [...stage.corsOrigins],
        allowMethods: corsMethods.map((method) => CorsHttpMethod[method as keyof typeof CorsHttpMethod]),
        allowHeaders: [...corsAllowHeaders],
        exposeHeaders: [...corsExposeHeaders],
        maxAge: Duration.seconds(corsMaxAgeSeconds),
      },
    }),
  });
  const { region, urlSuffix } = Stack.of(scope);
  if (!stage.domain) {
    return { http, url: `https://${http.apiId}.execute-api.${region}.${urlSuffix}`, domain: undefined };
  }
  const domain = new DomainName(scope, 'Domain', {
    domainName: stage.domain.name,
    certificate: Certificate.fromCertificateArn(scope, 'Certificate', stage.domain.certificateArn),
    securityPolicy: SecurityPolicy.TLS_1_2,
  });
  return { http, url: `https://${stage.domain.name}`, domain };
}

/** Leads each route to its function, and makes the stage that serves them. */
export function serveApi(
  scope: Construct,
  stage: Stage,
  api: Api,
  functions: readonly FunctionDescription[],
  lambdas: ReadonlyMap<string, Lambda>,
): void {
  const routes = functions.flatMap(({ id, routeKey }) => {
    const lambda = lambdas.get(id);
    if (routeKey === undefined || lambda === undefined) return [];
    const route = new HttpRoute(scope, `${pascal(id)}Route`, {
      httpApi: api.http,
      routeKey: keyOf(routeKey),
      integration: new HttpLambdaIntegration(`${pascal(id)}Integration`, lambda),
    });
    acknowledge(
      route,
      'APIG4',
      'Functions authenticate and authorize by themselves, from one declaration; an authorizer would be a hop more.',
    );
    return [{ id, routeKey, route }];
  });

  const logs = new LogGroup(scope, 'AccessLogs', {
    logGroupName: accessLogGroup(stage),
    retention: stage.retentionDays.access,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // Without the `:*` that CloudFormation's attribute ends in: it is the group that is meant, not its streams.
  const logArn = Stack.of(scope).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: logs.logGroupName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const served = new CfnStage(scope, 'ApiStage', {
    apiId: api.http.apiId,
    stageName: '$default',
    autoDeploy: true,
    accessLogSettings: { destinationArn: logArn, format: accessLogFormat },
    defaultRouteSettings: { throttlingRateLimit: stage.throttle.rate, throttlingBurstLimit: stage.throttle.burst },
    // L1, because only it knows settings for a single route.
    routeSettings: Object.fromEntries(
      routes.flatMap(({ id, routeKey }) => {
        const own = stage.throttleOf[id];
        return own ? [[routeKey, { ThrottlingRateLimit: own.rate, ThrottlingBurstLimit: own.burst }]] : [];
      }),
    ),
  });
  // Settings for a route that isn't there yet fail the deployment: "Unable to find Route by key".
  for (const { route } of routes) served.node.addDependency(route);
  if (api.domain) {
    const mapping = new CfnApiMapping(scope, 'DomainMapping', {
      apiId: api.http.apiId,
      domainName: api.domain.name,
      stage: served.ref,
    });
    mapping.node.addDependency(api.domain);
  }
}

/** `POST /org` as CDK takes it; `$default` has no path. */
function keyOf(routeKey: string): HttpRouteKey {
  const [method, path] = routeKey.split(' ');
  return path === undefined ? HttpRouteKey.DEFAULT : HttpRouteKey.with(path, method as HttpMethod);
}
