// Is never loaded.
console.log(`hanging in ${process.pid}`);
await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
export const handler = async () => "late";
