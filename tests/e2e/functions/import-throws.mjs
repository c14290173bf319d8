// A module that cannot be loaded.
console.error("no database is configured");
throw new Error("the table is not set");
