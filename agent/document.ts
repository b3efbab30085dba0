/**
 * The document by which SSM rings a machine: it says "look", and nothing else. No parameters, a constant body: what a
 * user typed can't come near this shell. It starts the agent's unit if nobody answers, and prints one line of JSON.
 */
export const syncDocument = {
  schemaVersion: '2.2',
  description: 'Tells the Runner Pilot agent of this machine to sync. It takes no parameters and carries nothing.',
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: 'sync',
      inputs: {
        timeoutSeconds: '30',
        runCommand: [
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
          'door="${RUNNER_PILOT_AGENT_RUN:-/run/runner-pilot}/agent.sock"',
          'ring() { curl --silent --fail --max-time 5 --unix-socket "$door" --request POST http://agent/sync; }',
          'ring && exit 0',
          'systemctl start runner-pilot-agent.service >/dev/null 2>&1',
          'for attempt in 1 2 3 4 5 6 7 8 9 10; do sleep 1; ring && exit 0; done',
          'echo \'{"error":"No agent answers. See: journalctl -u runner-pilot-agent"}\'',
          'exit 1',
        ],
      },
    },
  ],
} as const;
