/** Takes the folder that its argument names, says so and keeps it; ends with 7 when it is taken. */
import { claimHome } from '../../../scripts/startHome';

claimHome(process.argv[2] ?? '', { shouldReset: true }).then(
  () => {
    console.log('mine');
    setInterval(() => undefined, 1000);
  },
  () => process.exit(7),
);
