#!/usr/bin/env node
/** The command as npm links it: a file that exists before the first build. */

import '../dist/main.js';
