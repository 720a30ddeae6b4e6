"""The mail of a run for people to look at: one HTML file, or a folder of `.eml` files.

Like `inbox`, which shows the same views live, it reads records, and nothing of how they came to be.
Nothing here is imported in a run without the options.

* `entry`: what is shown of one message or refused attempt: plain, bounded values
* `frame`: what of a mail a page shows in place: its HTML, in a frame, and its pictures
* `visible`: text of strangers, in which nothing hides
* `spool`: entries on disk until the end of the run, one file for each process
* `pages`: templates, style sheet, script and the policy of the page
* `mailbox`: the one HTML file of a run
* `artifacts`: a folder for each test, with its messages as `.eml` files
* `names`: names for files and folders that lead nowhere else
"""
