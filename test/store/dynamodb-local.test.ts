import { dynamodbLocal } from './engines.ts';
import { suites } from './suites.ts';
import { onEngine } from './world.ts';

onEngine(dynamodbLocal, suites);
