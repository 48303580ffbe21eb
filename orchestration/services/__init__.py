"""The processes of one machine: started together, asked for an answer, ended by their own ids.

What is given by a setting (a broker, a warehouse) is used where it is and never started or stopped
here. Everything else lives under LOCAL_HOME, with a process note and a log per service in `run`.
"""
