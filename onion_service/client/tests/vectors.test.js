// @ts-check
/** Every vector file ends in the client as it ends in Python (tests/vectors/README.md). */

import "./surroundings.js";

import assert from "node:assert/strict";
import { test } from "node:test";

import { casesOf } from "./cases.js";
import * as recipes from "./recipes.js";

for (const { name, run } of casesOf({ assert, ...recipes })) test(name, run);
