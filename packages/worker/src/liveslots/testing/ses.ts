/**
 * The globals that endo's libraries ask for, without lockdown. Tests import this first.
 */
import 'ses';
import '@endo/eventual-send/shim.js';
