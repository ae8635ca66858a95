/** Loaded before any schema: zod would otherwise try to compile them, which the page's content security policy forbids. */
import { config } from "zod";

config({ jitless: true });
