import { App } from 'aws-cdk-lib';
import { prepareRunnerPilot } from './runner-pilot.ts';
import { createStacks } from './stacks.ts';
import { readStages } from './stage.ts';

const app = new App();
const parts = await prepareRunnerPilot();
for (const stage of readStages(new URL('../stages.local.json', import.meta.url))) createStacks(app, stage, parts);
app.synth();
