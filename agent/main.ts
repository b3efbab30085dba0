#!/usr/bin/env node
import { runCommand } from './commands.ts';

// Containers run as users of their own and read what we mount; what is secret has a mode of its own.
process.umask(0o022);

process.exitCode = await runCommand(process.argv.slice(2));
