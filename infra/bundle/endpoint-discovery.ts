// Stands in for endpoint discovery, which DynamoDB's client carries along and leaves off.

/** Leaves a client's configuration as it is. */
export const resolveEndpointDiscoveryConfig = <C>(config: C): C => config;
/** Off, whatever environment and profile say. */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: () => undefined,
  configFileSelector: () => undefined,
  default: undefined,
};
