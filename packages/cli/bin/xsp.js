#!/usr/bin/env node
// Not compiled, so that an installation can link the command before anything is built.
import { runProgram } from "../dist/program.js";

process.exitCode = await runProgram(process.argv.slice(2));
